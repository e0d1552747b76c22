"""Presentation and injection attacks on speaker verification, made by recipe, to train and test a spoofing countermeasure.

A *species* is one kind of attack, made by one kind of generator; species belong to a *family* (the terms of ISO/IEC 30107-3).
"""
