package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestOutput(t *testing.T) {
	for _, test := range []struct {
		name, script, printed, message string
		skipped                        bool
	}{
		{"prints", "echo $GIVEN", "yes\n", "", false},
		{"fails", "echo first >&2; echo bad file >&2; exit 3", "", "exit status 3: bad file", false},
		// The shell waits for sleep, which would keep its output open.
		{"takes too long", "sleep 60; true", "", "not done when the time was over", true},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		began := time.Now()
		printed, err := output(ctx, t.TempDir(), []string{"GIVEN=yes"}, "sh", "-c", test.script)
		cancel()
		if time.Since(began) > 30*time.Second {
			t.Errorf("%s: what the command started was waited for", test.name)
		}
		if string(printed) != test.printed {
			t.Errorf("%s: printed %q", test.name, printed)
		}
		var skip *skipError
		if (test.message == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.message) || errors.As(err, &skip) != test.skipped {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
}
