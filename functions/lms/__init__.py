"""The LMS: where customers learn. Companies, company users and leads.

Publishes   companies (our accounts), company users (contacts), leads, and learners with their purchases and
            results, all polled by `updated_since`
Pushes      that one of them has changed, signed; no values
Accepts     the same, 100 records a call; deactivation is `status: inactive`

Lets in     users of the CRM whom its server names, by a signed link that is good once (`launch.py`)

Quirks
- Failures hide inside HTTP 200: each result of a batch has a status of its own.
- A user must have a company, which must be there first; a company with users cannot be deleted.
- People register twice: two learners may have one e-mail address. Purchases and results name their learner.
- A create that comes twice is a 409 with the id of what the first one made; it is then patched.
- Times have microseconds, and a patch that changes nothing does not move them.
- It counts calls by the minute and says in `Retry-After` when there is room again.
- Look-ups are by id, external id, number or e-mail address, a hundred at once; a number with a comma in it
  cannot be looked up.
"""
