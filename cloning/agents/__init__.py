"""Tools for agents, by the Model Context Protocol (ADR 46): over the same forms and `submit` as everything else.

Needs the group `agents` of requirements.txt.
"""
