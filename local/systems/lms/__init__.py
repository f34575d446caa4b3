"""The simulated LMS: companies, their users, leads, and who learns what, behind a REST API as such vendors
offer it.

```
  /api/v1/companies      external_id  number  name*  phone  website  street  city  state  postal_code
                         country  industry  status
  /api/v1/company-users  external_id  company_id*  first_name  last_name*  email  phone  title  status
  /api/v1/leads          external_id  first_name  last_name*  company_name*  email  phone  source
                         rating  status
  /api/v1/learners       external_id  number*  first_name  last_name*  email*  phone  company_name
                         audience*  status
  /api/v1/purchases      external_id  number*  learner_id*  course*  quantity*  amount*  currency*  state*
                         purchased_on*  status
  /api/v1/results        external_id  number*  learner_id*  course*  outcome*  grade  completed_on  status
```
`*` is required. Every row also has `id`, `created_at` and `updated_at`, which the server sets. Lengths, lists
and what must be unique stand in `shape.py`.

Rules
- `Authorization: Bearer <token>`, else 401. A token has a bucket of calls (600 a minute by default); when it
  is empty: 429 with Retry-After. Every answer tells `X-RateLimit-Limit` and `X-RateLimit-Remaining`.
- Strings are stored trimmed, empty ones as null, e-mail addresses in lower case. Lengths are counted after
  that, in code points. Types are strict; a field that does not exist is refused.
- A learner's e-mail address is kept as it was typed, and may be another learner's too: people register twice.
- An amount and a grade are decimal numbers in a string, a day is 2026-01-31.
- `updated_at` moves only when a write changes something. All rows of one request get the same stamp.
- A company with living users, or a learner with purchases or results, cannot be deleted. A deleted row stays
  visible to `updated_since`: a tombstone.

| request                                            | answer                                             |
|----------------------------------------------------|----------------------------------------------------|
| `GET /x?updated_since=&limit=&cursor=`             | changed rows by (updated_at, id), tombstones too   |
| `GET /x?limit=&cursor=`                            | all living rows                                    |
| `GET /x?ids=` `external_ids=` `numbers=` `emails=` | those of up to 100 that exist                      |
| `GET` `PATCH` `DELETE /x/{id}`, `POST /x`          | one row: 200, 201, 204, 404, 409, 412, 422         |
| `POST /x/batch` `{"records": [...]}`               | 200 with a result for each of up to 100 records    |
| `PATCH /x/batch` `{"records": [...]}`              | the same; each record with its `id`                |
| `POST /x/batch-delete` `{"ids": [...]}`            | 200 with a result for each                         |

Lists are `{"data", "next_cursor", "as_of"}`; `as_of` is the server's clock at the start of the request. A
value with a comma in it cannot be asked for in a list of values.

Errors are `{"error": {"code", "message"[, "path"]}}`: malformed (400), unauthorized (401), not_found (404),
method_not_allowed (405), too_many_records (413), rate_limited (429), unavailable (503). A refused row has the
code of its first fault, and all of them in `errors`. A fault is `{"field", "code", "message"}` with required,
too_long (`max`), wrong_type, invalid_email, invalid_amount, invalid_day, not_in_list (`allowed`),
unknown_parent or unknown_field. In a batch the same comes as `{"status": 422, "errors": [...]}`, a clash with
another row as `{"status": 409, "code": "duplicate_external_id" | "duplicate_number" | "duplicate_email",
"id", "field"}`, and a row that is not as `if_updated_at` expects it as `{"status": 412, "code": "stale",
"updated_at"}`.

It tells whoever subscribed what happens, see `push.py`. People come in by `GET /sso?token=`, see `sso.py`;
their pages are `/` and `/courses/{id}`.

Faults of its own: `throttle` (429), `error` (503), `expire_session` (401); record by record `lock` (503,
unavailable) and `reject_records` (422, rejected).
"""

from local.systems.lms.lms import Lms

__all__ = ["Lms"]
