package main

import (
	"encoding/json"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const dialing = 32 // connections that are being made at once

type openResult struct {
	Open   int64  `json:"open"`
	Reason string `json:"reason"` // why the last of the others was refused
}

type holdResult struct {
	Held int64 `json:"held"`
}

// hold opens sockets, says how many, leaves them alone until its input ends, and counts those that still answer.
func hold(wanted load) (any, error) {
	sockets := make([]*socket, wanted.connections)
	var next, opened, held atomic.Int64
	var reason atomic.Value
	reason.Store("")
	parallel(dialing, func() {
		for index := next.Add(1) - 1; index < int64(len(sockets)); index = next.Add(1) - 1 {
			made, err := dial(wanted)
			if err != nil {
				reason.Store(err.Error())
				continue
			}
			sockets[index] = made
			opened.Add(1)
		}
	})
	json.NewEncoder(os.Stdout).Encode(openResult{opened.Load(), reason.Load().(string)})
	io.Copy(io.Discard, os.Stdin)
	next.Store(0)
	parallel(dialing, func() {
		for index := next.Add(1) - 1; index < int64(len(sockets)); index = next.Add(1) - 1 {
			if each := sockets[index]; each != nil {
				each.connection.SetDeadline(time.Now().Add(20 * time.Second))
				if each.roundTrip() == nil {
					held.Add(1)
				}
				each.connection.Close()
			}
		}
	})
	return holdResult{held.Load()}, nil
}

func parallel(count int, work func()) {
	var all sync.WaitGroup
	for range make([]struct{}, count) {
		all.Add(1)
		go func() {
			defer all.Done()
			work()
		}()
	}
	all.Wait()
}
