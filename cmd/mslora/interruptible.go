package main

import (
	"context"
	"io"
)

// interruptible is a reader that stops waiting when its context is done. A terminal or a pipe may never say more.
type interruptible struct {
	ctx  context.Context
	from io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	type outcome struct {
		n   int
		err error
	}
	buffer := make([]byte, len(p)) // p is the caller's again after an interrupt
	done := make(chan outcome, 1)
	go func() {
		n, err := r.from.Read(buffer)
		done <- outcome{n, err}
	}()
	select {
	case o := <-done:
		return copy(p, buffer[:o.n]), o.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}
