"""Pure views: from the replica to rows of plain text, one file a panel."""
