"""What builds and checks this repository; nothing here is installed or imported by the product."""
