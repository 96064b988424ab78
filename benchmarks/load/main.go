// Command load puts load on one Socket.IO address and prints what came of it as one line of JSON.
//
// It is in Go so that it takes little of the machine that it shares with the server under test.
//
//	load handshakes -address 127.0.0.1:9000 -connections 20 -seconds 5
//	load echo       -address 127.0.0.1:9000 -connections 100 -seconds 5
//	load hold       -address 127.0.0.1:9000 -connections 8000, until its input ends
//	load relay      -address 127.0.0.1:9000 -listen 8005, until it is ended
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

type load struct {
	address     string
	host        string
	connections int
	listen      int
	time        time.Duration
}

func main() {
	runtime.GOMAXPROCS(1) // more threads would only look for work on the cores that the servers need
	kinds := map[string]func(load) (any, error){"handshakes": handshakes, "echo": echo, "hold": hold, "relay": relay}
	if len(os.Args) < 2 || kinds[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load handshakes|echo|hold|relay [options]")
		os.Exit(2)
	}
	options := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	address := options.String("address", "127.0.0.1:9000", "where Socket.IO is asked")
	host := options.String("host", "localhost", "the Host header")
	connections := options.Int("connections", 20, "connections at once")
	listen := options.Int("listen", 8005, "the port of a relay")
	seconds := options.Float64("seconds", 5, "how long")
	options.Parse(os.Args[2:])
	wanted := load{*address, *host, *connections, *listen, time.Duration(*seconds * float64(time.Second))}
	result, err := kinds[os.Args[1]](wanted)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s at %s: %v\n", os.Args[1], *address, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(result)
}
