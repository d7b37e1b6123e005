# Starts one server and makes sure that it ends with the process that asked for it.
#
#   sh supervisor.sh SCRATCH RELEASE_SIGNAL PROGRAM [ARGUMENT...]
#
# Commands come line by line on standard input, one line answers each. The end
# of standard input means that the parent let go or died, however violently:
# the server is ended with RELEASE_SIGNAL and SCRATCH is removed. The kernel
# closes the pipe even after SIGKILL, which no handler in the parent could do.
#
# The server's own output goes to this shell's standard error. Only the process
# started here is ever signalled, by its id.
set -u
scratch=$1
release_signal=$2
shift 2
server=

alive() {
  [ -n "$server" ] || return 1
  # `jobs` collects a child that has ended; `kill -0` on a zombie succeeds.
  jobs >/dev/null 2>&1
  kill -s 0 "$server" 2>/dev/null && return 0
  server=
  return 1
}

# Whether no thread of the server runs any more. The signal is sent to one of
# them, which stops the others when it gets a processor next: on a busy machine
# they answer requests until then. Only the kernel's list tells; where there is
# none, the signal itself has to do.
stands_still() {
  for stat in /proc/"$server"/task/*/stat; do
    # A thread that has ended since the list was made is as good as stopped.
    { read -r about <"$stat"; } 2>/dev/null || continue
    # The state follows the program's name, which is in brackets.
    case ${about##*) } in
      [TtZX]*) ;;
      *) return 1 ;;
    esac
  done
  return 0
}

pause() {
  alive && kill -s STOP "$server" || return 1
  until stands_still; do
    alive || return 1
    sleep 0.01
  done
}

# Tells whether the server went by the signal.
end() {
  alive || return 0
  kill -s "$1" "$server" 2>/dev/null
  # A paused server sees its signal only when it goes on.
  kill -s CONT "$server" 2>/dev/null
  rounds=0
  while alive; do
    rounds=$((rounds + 1))
    [ "$rounds" -eq 200 ] && kill -s KILL "$server" 2>/dev/null
    sleep 0.05
  done
  [ "$rounds" -lt 200 ]
}

while read -r command signal; do
  case $command in
    start)
      alive || { "$@" </dev/null >&2 & server=$!; }
      echo "started $server"
      ;;
    stop)
      if end "$signal"; then echo stopped; else echo killed; fi
      ;;
    pause)
      if pause; then echo paused; else echo dead; fi
      ;;
    resume)
      if alive && kill -s CONT "$server"; then echo resumed; else echo dead; fi
      ;;
    state)
      if alive; then echo alive; else echo dead; fi
      ;;
    *) echo unknown ;;
  esac
done

end "$release_signal"
went=$?
rm -rf -- "$scratch"
exit "$went"
