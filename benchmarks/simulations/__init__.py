"""Simulations with a known truth: does an interval cover, does a test keep its promise?"""
