"""`hongyan demo`: fills an installation with people, groups and a believable day of talk, through the doors that everybody uses.

Owns: the story and how it is played. Does not know: the server's insides; it registers over HTTP and talks by the SDK.
Keeps: each line has an id that follows from its place and its words, so playing the story again changes nothing.
"""
