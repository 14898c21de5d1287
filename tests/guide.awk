# Makes a shell script of a page of documentation: it writes the page's files, runs its commands in order, and compares
# what they print. Used by tests/it/guide.rs and tests/bare.
#
#     awk -f tests/guide.awk docs/guide.md | sh
#
# <!-- file: PATH --> before a block: the block is that file. <!-- exit: N --> before a block of commands: the exit code
# of its last command. In a block marked `console`, lines that begin with `$ ` are commands, and the lines that follow
# are their output; `…` in it matches anything. A command without output there may print anything.

function quoted(text) {
  gsub(/'/, "'\\''", text)
  return "'" text "'"
}

# The command so far, with its output, as a step of the script.
function finish(code,    pattern) {
  if (command == "") return
  pattern = quoted(code ":" wanted)
  gsub(/…/, "'*'", pattern)
  printf "at=%s\ncommand=%s\n", quoted(FILENAME ":" line), quoted(command)
  print "eval \"$command\" >\"$seen\" 2>&1 </dev/null; code=$?"
  printf "case $code:%s in %s) ;; *) failed ;; esac\n", compared ? "$(cat \"$seen\")" : "", pattern
  command = ""
}

BEGIN {
  print "seen=$(mktemp)"
  print "failed() {"
  print "  printf '%s: %s\\nexit code %s, and it printed:\\n' \"$at\" \"$command\" \"$code\""
  print "  cat \"$seen\"; rm -f \"$seen\"; exit 1"
  print "}"
}

/^```/ && block != "" {
  if (block == "file") print "END_OF_FILE"
  if (block == "console") finish(exit_code)
  block = ""; path = ""; exit_code = 0
  next
}
/^```/ {
  block = path != "" ? "file" : ($0 == "```console" ? "console" : "other")
  if (block == "file") {
    printf "mkdir -p \"$(dirname %s)\"\ncat >%s <<'END_OF_FILE'\n", quoted(path), quoted(path)
  }
  next
}
block == "file" { print; next }
block == "console" && /^\$ / {
  finish(0)
  command = substr($0, 3); line = FNR; wanted = ""; compared = 0
  next
}
block == "console" {
  wanted = wanted (compared ? "\n" : "") $0
  compared = 1
  next
}
/^<!-- file: .* -->$/ { path = substr($0, 12, length($0) - 15) }
/^<!-- exit: [0-9]+ -->$/ { exit_code = $3 + 0 }
END { print "rm -f \"$seen\"" }
