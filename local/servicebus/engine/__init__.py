"""The engine: what Service Bus does, as pure code.

broker      operations on messages, by address
namespace   operations on entities
message     what goes in, what comes out
entities    options, their defaults and limits
filters     rules; `sql` is their language
journal     how it survives the process
errors      refusals, by the names that clients know
"""
