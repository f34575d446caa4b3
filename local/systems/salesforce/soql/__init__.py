"""SOQL: the query language, from text to rows."""
