package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestInterruptible(t *testing.T) {
	text := strings.Repeat("a film\n", 3000)
	got, err := io.ReadAll(interruptible{t.Context(), strings.NewReader(text)})
	if err != nil || string(got) != text {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits, never := io.Pipe()
	defer never.Close()
	cancel()
	if _, err := io.ReadAll(interruptible{ctx, waits}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
