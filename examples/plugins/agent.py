"""An agent for dreamtrial in a few lines: it looks labels up, asks for the rest, and keeps notes."""
import json, re, sys

LASTING = re.compile(r"\b(always|as a rule|by default|policy|convention|house style)\b", re.IGNORECASE)


def say(message):
    print(json.dumps(message), flush=True)


def do(step):
    say(step)
    result = json.loads(sys.stdin.readline())["result"]
    return result["text"] if result["ok"] else ""


def sentences(texts):
    return [part.strip(" -") for part in re.split(r"(?<=[.!?])\s+|\n", "\n".join(texts)) if part.strip(" -")]


def find(field):
    unit = field.get("unit", "")
    shape = {"choice": "(" + "|".join(map(re.escape, field.get("options", []))) + ")",
             "number": rf"{unit} ?(\d[\d,.]*)|(\d[\d,.]*)[ -]?{unit.rstrip('s')}",
             "date": r"(\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]+ \d{4})", "text": r"[\"`]([^\"`]+)[\"`]"}[field["kind"]]
    for sentence in reversed(sentences(known)):  # the user's latest words first, memory last
        value = re.search(shape, sentence, re.IGNORECASE)
        if value and field["label"].lower() in sentence.lower():
            return next(group for group in value.groups() if group).strip(",.")


def work():
    values = {field["name"]: find(field) for field in task["fields"]}
    missing = [field["label"] for field in task["fields"] if values[field["name"]] is None]
    if missing and not heard:
        say({"ask": [f"What is the {label}?" for label in missing[:opened["limits"]["questions_per_message"]]]})
    else:
        lines = [f"{field['label']}: {values[field['name']]}" for field in task["fields"]]
        say({"submit": {"fields": values, "body": "\n".join([opened["case"]] + lines)}})


for line in iter(sys.stdin.readline, ""):
    message = json.loads(line)
    if "dreamtrial" in message:
        say({"ready": True, "name": "example agent", "version": "1"})
    elif "open" in message:
        opened, notes = message["open"], []
        paths = do({"list_memory": {}}).splitlines() if opened["memory"] else []
        known = [do({"read_memory": {"path": path}}) for path in paths]
        known += [do({"read_document": {"name": document["name"]}}) for document in opened["documents"]]
        notes += [sentence for sentence in sentences(known[len(paths):]) if LASTING.search(sentence)]
        say({"done": {}})
    elif "task" in message:
        task, heard = message["task"], []
        known += [task["text"], task["asides"]]
        notes += [sentence for sentence in sentences(known[-2:]) if LASTING.search(sentence)]
        work()
    elif "over" in message:
        say({"done": {}})
    elif "close" in message:
        if notes and opened["memory"] and opened["memory"]["writable"]:
            whom = f"For {opened['about'][0]['value']}: " if opened["about"] else ""
            content = "".join(f"- {whom}{note}\n" for note in notes)
            do({"write_memory": {"path": f"notes/{opened['date']}.md", "content": content}})
        say({"done": {}})
    else:  # `answer`, `finding` or `correction`: the user's words
        heard += message.values()
        known += message.values()
        notes += sentences(message.values())
        work()
