package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const dialing = 32 // connections that are being made at once

type holdResult struct {
	Held    int64  `json:"held"`
	Refused int64  `json:"refused"`
	Reason  string `json:"reason"`
}

// hold opens sockets, leaves them alone for a while, and counts those that still answer.
func hold(wanted load) (any, error) {
	sockets := make([]*socket, wanted.connections)
	var next, opened, refused, held atomic.Int64
	var reason atomic.Value
	reason.Store("")
	parallel(dialing, func() {
		for index := next.Add(1) - 1; index < int64(len(sockets)); index = next.Add(1) - 1 {
			made, err := dial(wanted)
			if err != nil {
				refused.Add(1)
				reason.Store(err.Error())
				continue
			}
			sockets[index] = made
			if count := opened.Add(1); count%2000 == 0 {
				fmt.Fprintf(os.Stderr, "%d sockets open\n", count)
			}
		}
	})
	time.Sleep(wanted.time)
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
	return holdResult{held.Load(), refused.Load(), reason.Load().(string)}, nil
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
