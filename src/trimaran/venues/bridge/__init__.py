"""Any exchange that ccxt has, through a child process: a slow path to markets without an adapter."""
