"""Juno's custom actions: ordinary rasa_sdk actions, pure functions of the tracker.

No action reads or writes anything but the tracker. What must happen outside the talk is asked for by a directive
(`actions.directives`), which the service carries out.
"""
