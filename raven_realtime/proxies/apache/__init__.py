"""Apache httpd: what it does with a request, told from its configuration files."""
