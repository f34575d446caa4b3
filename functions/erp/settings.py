"""What this room must be told. Each setting is a variable named for the system: ERP_DATABASE_URL, …"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

BACKENDS = ("sqlite", "postgresql")
MAPPING = Path(__file__).parent / "mapping.yaml"


class Settings(BaseModel):
    """One ERP's database, and which of its tables are what."""

    model_config = ConfigDict(frozen=True)

    database_url: SecretStr = Field(
        description="the ERP's database: postgresql+psycopg://user:password@host/database, or"
        " sqlite:///path/erp.sqlite"
    )
    mapping: Path = Field(
        default=MAPPING,
        description="the file that says which tables and columns are which entities and fields",
    )
    page_size: int = Field(default=2000, ge=1, le=10_000, description="rows read at once, 1 to 10000")
    batch: int = Field(default=500, ge=1, le=1000, description="rows written in one transaction, 1 to 1000")
    at_once: int = Field(default=4, ge=1, le=16, description="transactions under way at once, 1 to 16")

    @field_validator("database_url")
    @classmethod
    def _is_an_address(cls, given: SecretStr) -> SecretStr:
        """Whatever is wrong with it, its text may hold a password."""
        try:
            url = make_url(given.get_secret_value())
            known = url.get_backend_name() in BACKENDS
            url.get_dialect().import_dbapi()
        except (ArgumentError, ImportError, ValueError, AttributeError):
            known = False
        except Exception as error:  # noqa: BLE001 - a name of a driver that is not there has no error of its own
            raise ValueError(f"no driver for it: {type(error).__name__}") from None
        if not known:
            raise ValueError("not an address of a SQLite or PostgreSQL database")
        return given
