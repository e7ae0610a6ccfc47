package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mslora/internal/hint"
)

func TestExitCode(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name, command string
		ctx           context.Context
		err           error
		code          int
		want          string
	}{
		{"done", "run", t.Context(), nil, 0, ""},
		{"failed", "run", t.Context(), errors.New("no luck"), exitFailure, "error: no luck\n"},
		{"usage", "run", t.Context(), badInput(hint.New("mend it", "wrong")), exitUsage, "error: wrong\nhint: mend it\n"},
		{"usage below", "run", t.Context(), fmt.Errorf("cell: %w", badInput(errors.New("wrong"))), exitUsage, "error: cell: wrong\n"},
		{"what steers a terminal", "run", t.Context(), hint.New("a\x1b\u202e\nerror: b", "\x9b\rc"), exitFailure, "error: ⟨0x9B⟩⟨U+000D⟩c\nhint: a⟨U+001B⟩⟨U+202E⟩\n  error: b\n"},
		{"a cancelled part", "run", t.Context(), context.Canceled, exitFailure, "error: context canceled\n"},
		{"training", "train", cancelled, fmt.Errorf("training: %w", context.Canceled), exitInterrupted, "interrupted; run the same command again: training goes on where it stopped\n"},
		{"prediction", "predict", cancelled, badInput(context.Canceled), exitInterrupted, "interrupted; the answers so far are right, those of later texts are missing\n"},
		{"comparison", "compare", cancelled, context.Canceled, exitInterrupted, "interrupted\n"},
	} {
		var stderr bytes.Buffer
		if code := exitCode(test.ctx, test.command, test.err, &stderr); code != test.code || stderr.String() != test.want {
			t.Errorf("%s: %d and %q, want %d and %q", test.name, code, stderr.String(), test.code, test.want)
		}
	}
	commands := map[string]bool{}
	for _, c := range newApp(io.Discard, io.Discard).Commands {
		commands[c.Name] = true
	}
	for name := range afterInterrupt {
		if !commands[name] {
			t.Errorf("there is no command %s", name)
		}
	}
}

// A predict that waits for texts ends when it is interrupted, and does not speak of training.
func TestInterruptedPredict(t *testing.T) {
	folder := t.TempDir()
	arguments := runArguments(t, folder) // of a run; its model and graphs will do
	model, graphs, classifier := arguments[2], arguments[4], filepath.Join(folder, "classifier")
	var output bytes.Buffer
	if code := mainCode([]string{"mslora", "train", "--model", model, "--graphs", graphs, "--data", filepath.Join(folder, "clean", "train.csv"),
		"--method", "vanilla", "--epochs", "1", "--batch", "32", "--quiet", "--out", classifier}, &output, &output); code != 0 {
		t.Fatalf("train exited with %d: %s", code, output.String())
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mslora := filepath.Join(folder, "mslora")
	if err := os.Symlink(program, mslora); err != nil {
		t.Fatal(err)
	}
	predict := exec.Command(mslora, "predict", classifier, "--graphs", graphs)
	var stderr bytes.Buffer
	predict.Stderr = &stderr
	texts, err := predict.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer texts.Close()
	answers, err := predict.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := predict.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(texts, strings.Repeat("good\n", predictTexts)); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(answers).ReadString('\n'); err != nil {
		t.Fatalf("%q, %v: %s", answer, err, stderr.String())
	}
	if err := predict.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, answers)
	predict.Wait()
	if code := predict.ProcessState.ExitCode(); code != exitInterrupted || stderr.String() != "interrupted; "+afterInterrupt["predict"]+"\n" {
		t.Errorf("exited with %d: %s", code, stderr.String())
	}
}
