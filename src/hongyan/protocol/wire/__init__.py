"""Written by protoc from proto/ (`make generate`): never edited, and imported by the codec alone."""
