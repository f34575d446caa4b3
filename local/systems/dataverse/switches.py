"""What is only believed of the real Dataverse, or differs between environments: each can be turned.

At the start through `Options`, later through `POST /_sim/switches` with those that change. The values here
are the likelier ones, and where neither is, the one that is harder on a client.
"""

from pydantic import BaseModel, ConfigDict, Field


class Switches(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, validate_assignment=True)

    # Values
    trims_text: bool = True
    empty_text_is_null: bool = True
    checks_email: bool = False
    """Whether the server looks at the form of an e-mail address; it is said to leave that to forms."""
    requires_business_columns: bool = True
    """Whether a column that business requires is also required of an API client."""
    ignores_read_only: bool = True
    """Whether a value for a column of the server's is dropped without a word."""
    money_decimals: int = Field(default=4, ge=0, le=4)
    null_bind_clears: bool = True
    """Whether `"x@odata.bind": null` empties a lookup."""

    # Keys
    keys_ignore_case: bool = True
    """To be set before there are rows."""
    awkward_key_characters: str = r"/<>*%&:\?+"
    """What a value of an alternate key in an address must not contain."""
    bind_by_key: bool = True
    """Whether a lookup may name its row by an alternate key."""

    # Versions and changes
    equal_update_moves_version: bool = True
    """Whether a write that changes nothing counts as a change."""
    delta_shows_writer: bool = True
    """Whether changed rows can say who changed them."""
    track_changes_days: float = 7
    """How long a delta token is good."""
    expired_token_status: int = 400

    # Errors
    unknown_property_code: str = "0x0"
    sql_error_status: int = 500
    sql_error_code: str = "0x80044150"
    blank_conflict_code: bool = False
    """Whether a version conflict says `""` for its code, as printed in the documentation."""
    read_only_code: str = "0x80040203"
    """The code of a write to an order that has been submitted."""

    # Batches
    change_set_fails_as_one: bool = True
    """One error for a failed change set, else one for each of its requests."""
    batch_shows_earlier_parts: bool = True
    """Whether the answer to a batch that stopped begins with what was done."""
    batch_parts_count: bool = False
    """Whether the limit of requests counts those inside a batch."""

    # Sales
    order_processing_integration: bool = True
    """IsSOPIntegrationEnabled: orders are submitted, and read-only afterwards but for integration users."""
    products_start_active: bool = True
    """Whether a new product is active; else it is a draft until it is published."""
    order_keeps_quote_id: bool = True
