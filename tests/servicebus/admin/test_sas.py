from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus._base_handler import ServiceBusSharedKeyCredential
from hypothesis import given
from hypothesis import strategies as st

from local.servicebus.sas import SharedAccessKey, UnauthorizedError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEY = SharedAccessKey("name", "secret+/=")


def test_a_token_that_the_client_signed_opens():
    credential = ServiceBusSharedKeyCredential("name", "secret+/=")
    token = credential.get_token("sb://localhost:5672/some queue").token
    assert KEY.verify(token, datetime.now(UTC)) > datetime.now(UTC)


def test_a_token_opens_what_it_is_for_and_what_is_below():
    token = KEY.sign("sb://localhost/topic", LATER)
    assert KEY.verify(token, NOW, "Topic") == LATER
    KEY.verify(token, NOW, "topic/Subscriptions/s")
    for other in ("topics", "other", ""):
        with pytest.raises(UnauthorizedError, match="another entity"):
            KEY.verify(token, NOW, other)
    KEY.verify(KEY.sign("sb://localhost", LATER), NOW, "anything")


@pytest.mark.parametrize(
    "token,says",
    [
        (SharedAccessKey("other", "secret+/=").sign("sb://localhost", LATER), "unknown key"),
        (SharedAccessKey("name", "secret").sign("sb://localhost", LATER), "signature"),
        (KEY.sign("sb://localhost", NOW), "expired"),
        (KEY.sign("sb://localhost/a", LATER).replace("%2Fa", "%2Fb"), "signature"),
        (KEY.sign("sb://localhost", LATER).replace("&se=1", "&se=2"), "signature"),
        ("Bearer x", "not a shared access signature"),
        ("SharedAccessSignature sr=x&skn=name", "lacks se, sig"),
        ("", "not a shared access signature"),
    ],
)
def test_any_other_token_is_refused(token: str, says: str):
    with pytest.raises(UnauthorizedError, match=says):
        KEY.verify(token, NOW)


@given(st.text(max_size=80))
def test_nothing_that_was_not_signed_opens(text: str):
    with pytest.raises(UnauthorizedError):
        KEY.verify(f"SharedAccessSignature {text}", NOW)
