"""Generated protobuf code; only the codec imports it."""
