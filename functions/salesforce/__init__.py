"""Salesforce: the sales team's CRM.

Publishes   accounts, contacts and leads, polled by (SystemModstamp, Id); deletes and merges included
Pushes      outbound messages, until they are acknowledged; nothing of deletes
Accepts     the same three, and learners with their purchases and results: 200 records a call, or a Bulk
            API 2.0 job above a threshold

Quirks
- Times are whole seconds, so many rows share one stamp, and a long transaction shows its rows late with
  the stamps of when it wrote them. Hence pages by stamp and id, and an overlap in each poll.
- Failures hide inside HTTP 200, with `statusCode` where whole answers say `errorCode`.
- Too many calls is a 403 with no Retry-After; each answer says how many of the day are used.
- Ids come with 15 characters (case tells them apart) or 18 (it does not): we keep 18.
- Deleting an account takes its contacts with it. A merge shows the loser as deleted, with its winner's id.
- An external id field `Crosswalk_Id__c` must be there before the hub may create anything.
- A formula or roll-up that changes moves no stamp: such fields cannot be polled.
- Accounts, contacts and leads have no inactive state; a converted lead takes no more edits, and nothing may
  refer to it any more; what did so before is not moved to its contact.
- A learner is a contact, or else a lead. A new one becomes a lead, and is sales' own from then on.
- An org lacks our fields until somebody creates them: each object is asked once, before it is used.
"""
