"""A dreamer for dreamtrial in a few lines: lines that say the same become one, and the rest is ordered."""
import json, sys


def say(message):
    print(json.dumps(message), flush=True)


def tidy(path, content):
    """The entry without lines that stood before under the same heading; items in order."""
    heading, blocks = "", [[]]
    for number, line in enumerate(content.splitlines(), 1):
        here = {"memory": {"path": path, "line": number}}
        if line.startswith("#"):
            heading = line
        if not line.startswith("- "):
            blocks += [[line], []]
        elif (heading, line) in seen:
            edits.append({"kind": "removed", "text": line, "reason": "said before, in the same words",
                          "sources": [here, seen[heading, line]]})
        else:
            seen[heading, line] = here
            blocks[-1].append(line)
    return "".join(f"{line}\n" for block in blocks for line in sorted(block))


for request in map(json.loads, iter(sys.stdin.readline, "")):
    if "dreamtrial" in request:
        say({"ready": True, "name": "example dreamer", "version": "1"})
    else:
        seen, edits = {}, []
        entries = [(entry["path"], tidy(entry["path"], entry["content"])) for entry in request["dream"]["store"]]
        store = [{"path": path, "content": content} for path, content in entries if content]
        say({"store": store, "edits": edits} if edits else {"unchanged": True})
