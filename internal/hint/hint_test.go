package hint

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestNew(t *testing.T) {
	err := New("make it first", "%s: %w", "runs/first", fs.ErrNotExist)
	if got, want := err.Error(), "runs/first: file does not exist"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the wrapped error is lost")
	}
}

func TestHintSurvivesWrapping(t *testing.T) {
	inner := New("lower --batch", "out of memory")
	for name, err := range map[string]error{
		"wrapped": fmt.Errorf("cell 3: %w", inner),
		"joined":  errors.Join(errors.New("first"), inner),
	} {
		var hinted *Error
		if !errors.As(err, &hinted) || hinted.Hint != "lower --batch" {
			t.Errorf("%s: no hint in %v", name, err)
		}
	}
	var hinted *Error
	if errors.As(errors.New("out of memory"), &hinted) {
		t.Error("a hint in an error that has none")
	}
}
