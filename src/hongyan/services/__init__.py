"""What people do around messages: a folder a service, the same file names in each, in a declared order."""
