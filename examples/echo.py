"""A program that writes replies, for `colloquy agent -s command --command "python3 examples/echo.py"`."""

import json
import sys

conversation = json.load(sys.stdin)
heard = conversation["messages"][-1]["content"]
if "bye" in heard.lower() or len(conversation["messages"]) > 8:
    print("/bye")
else:
    print(f"You said: {heard.strip()} And what do you mean by that?")
