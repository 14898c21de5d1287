# Prints so many lines as fast as it can, a last one, says so, and sleeps.
# usage: flood.sh BEACON NAME LINES WIDTH     (WIDTH 0: counts; else lines of so many bytes)
echo "start $2 $$" > "$1"
if [ "$4" = 0 ]; then
  seq 1 "$3"
else
  yes "$(printf "%0$(($4 - 1))d" 0 | tr 0 x)" | head -n "$3"
fi
echo "END-OF-$2"
echo "done $2" > "$1"
exec sleep 1000
