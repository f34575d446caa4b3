import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.servicebus.admin.certificate import VALID_FOR, certificate_in

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_certificate_is_made_once_and_used_again(tmp_path: Path):
    first = certificate_in(tmp_path / "made", NOW)
    content = first.certificate.read_bytes()
    again = certificate_in(tmp_path / "made", NOW + timedelta(days=30))
    assert again.certificate.read_bytes() == content


def test_only_its_owner_can_read_the_key(tmp_path: Path):
    assert stat.S_IMODE(certificate_in(tmp_path, NOW).key.stat().st_mode) == 0o600


def test_one_that_is_about_to_end_or_cannot_be_read_is_made_again(tmp_path: Path):
    first = certificate_in(tmp_path, NOW).certificate.read_bytes()
    second = certificate_in(tmp_path, NOW + VALID_FOR).certificate.read_bytes()
    assert first != second
    (tmp_path / "localhost.pem").write_text("nonsense")
    assert certificate_in(tmp_path, NOW).certificate.read_bytes().startswith(b"-----BEGIN")
