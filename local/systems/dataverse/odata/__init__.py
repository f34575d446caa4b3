"""`$filter` and `$orderby`: from text to a tree, from the tree to a test of rows or to their ids at once."""
