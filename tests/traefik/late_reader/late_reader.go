// Package late_reader makes a rare moment certain: whoever reads a request's body is held up once he has its bytes, and
// before he sees its end.
package late_reader

import (
	"context"
	"io"
	"net/http"
	"time"
)

const pause = 500 * time.Millisecond

type Config struct{}

func CreateConfig() *Config { return &Config{} }

func New(_ context.Context, next http.Handler, _ *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		request.Body = &body{from: request.Body}
		next.ServeHTTP(answer, request)
	}), nil
}

type body struct {
	from    io.ReadCloser
	started bool
}

func (b *body) Read(into []byte) (int, error) {
	if b.started {
		time.Sleep(pause)
	}
	b.started = true
	return b.from.Read(into)
}

func (b *body) Close() error { return b.from.Close() }
