# Says that it has started, and sleeps. usage: sleeper.sh BEACON NAME
echo "start $2 $$" > "$1"
exec sleep 1000
