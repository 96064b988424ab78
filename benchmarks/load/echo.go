package main

import (
	"errors"
	"slices"
	"sync"
	"time"
)

type echoResult struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
}

// echo has every socket send an event and wait for it to come back, again and again.
func echo(wanted load) (any, error) {
	sockets := make([]*socket, wanted.connections)
	for index := range sockets {
		made, err := dial(wanted)
		if err != nil {
			return nil, err
		}
		defer made.connection.Close()
		sockets[index] = made
	}
	var lock sync.Mutex
	var all sync.WaitGroup
	var times []time.Duration
	var failed error
	began := time.Now()
	until := began.Add(wanted.time)
	for _, each := range sockets {
		all.Add(1)
		go func(each *socket) {
			defer all.Done()
			own, err := measured(each, until)
			lock.Lock()
			defer lock.Unlock()
			times = append(times, own...)
			failed = errors.Join(failed, err)
		}(each)
	}
	all.Wait()
	took := time.Since(began).Seconds()
	if failed != nil {
		return nil, failed
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))].Nanoseconds()) / 1000
	}
	return echoResult{float64(len(times)) / took, at(0.5), at(0.99)}, nil
}

func measured(each *socket, until time.Time) ([]time.Duration, error) {
	times := make([]time.Duration, 0, 1<<14)
	for {
		sent := time.Now()
		if err := each.roundTrip(); err != nil {
			return times, err
		}
		now := time.Now()
		times = append(times, now.Sub(sent))
		if now.After(until) {
			return times, nil
		}
	}
}
