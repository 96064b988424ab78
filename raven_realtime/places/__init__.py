"""Where proxies and servers run: what starts them, what they are called, and who reaches whom."""
