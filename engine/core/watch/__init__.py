"""The watch: what narrows trading without anybody asking."""
