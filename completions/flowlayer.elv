# Completes command lines of flowlayer in elvish. In rc.elv:
#
#     eval (flowlayer completions elvish | slurp)
#
# What fits is asked of the flowlayer in PATH, never of the program that is being typed.
use str

fn flowlayer-complete {|@words|
  var lines = [""]
  try {
    set lines = [(e:flowlayer __complete elvish -- $@words 2>/dev/null)]
  } catch e {
    nop
  }
  if (== (count $lines) 0) {
    set lines = [""]
  }
  # elvish quotes what it inserts.
  for line $lines[1..] {
    var parts = [(str:split &max=2 "\t" $line)]
    if (== (count $parts) 2) {
      edit:complex-candidate $parts[0] &display=$parts[0]"  -- "$parts[1]
    } else {
      put $line
    }
  }
  if (or (eq $lines[0] files) (eq $lines[0] directories)) {
    edit:complete-filename $@words
  }
}

for program [flowlayer flowlayer-server flowlayer-client-tui] {
  set edit:completion:arg-completer[$program] = $flowlayer-complete~
}
