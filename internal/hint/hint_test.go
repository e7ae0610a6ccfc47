package hint

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
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

func TestQuote(t *testing.T) {
	for value, want := range map[string]string{
		"": `""`, "a \"word\"\n": `"a \"word\"\n"`, strings.Repeat("x", 41): `"` + strings.Repeat("x", 40) + `…"`,
		strings.Repeat("x", 39) + "é": `"` + strings.Repeat("x", 39) + `…"`, // never half a character
	} {
		if got := Quote(value); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
