"""What users keep for themselves, and how that shapes what they are shown of their conversations.

Owns items and their versions; reads conversations, and writes nothing of them. Invariant: a device that applies what it
is told, in whatever order, and asks for what it missed, holds the same items as one that was always there.
"""
