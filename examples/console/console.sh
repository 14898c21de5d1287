#!/bin/sh
# A small console: it asks, and does what it is told.

prompt() { printf '\033[36m>\033[0m '; }

echo "Type help."
prompt
while IFS= read -r line; do
  case $line in
    help) echo "help, size, color, bar, screen, ask, quit" ;;
    # the size of the terminal, as it is now
    size) stty size ;;
    color) printf '\033[32mgreen\033[0m and \033[1mbold\033[0m\n' ;;
    # a progress bar, of which the log keeps the last state
    bar)
      for percent in 10 40 70 100; do
        printf '\rworking: %s%%' "$percent"
        sleep 0.05
      done
      echo
      ;;
    # a full screen, of which the log keeps nothing
    screen)
      printf '\033[?1049h\033[2;5Hfull screen: press Enter'
      read -r _
      printf '\033[?1049l'
      ;;
    # asks the terminal where the cursor is
    ask)
      state=$(stty -g)
      stty raw -echo min 1
      printf '\033[6n'
      answer=$(dd bs=1 count=6 2>/dev/null | tr -d '\033')
      stty "$state"
      echo "the terminal says $answer"
      ;;
    quit) exit 0 ;;
    "") ;;
    *) echo "no such command: $line" ;;
  esac
  prompt
done
