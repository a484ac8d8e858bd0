"""The ground everything stands on: errors, parameter descriptions, the command stack.

Knows the standard library, psygnal and pydantic alone.
"""
