package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"mslora/internal/hint"
	"mslora/internal/ortlib"
)

// skipError tells why a client cannot be set up on this machine, or not in time.
type skipError struct{ reason string }

func (e *skipError) Error() string { return e.reason }

// measure sets a client up, asks it, and checks its answers.
func (a asking) measure(ctx context.Context, c client) (measured, error) {
	row := measured{client: c, texts: len(a.texts)}
	if c.texts > 0 {
		row.texts = c.texts
	}
	var err error
	if row.version, err = c.version("."); err != nil {
		return row, err
	}
	for _, tool := range c.tools {
		if _, err := exec.LookPath(tool); err != nil {
			return row, &skipError{tool + " is missing"}
		}
	}
	for _, command := range c.fetch {
		if _, err := output(ctx, ".", nil, strings.Fields(command)...); err != nil {
			return row, &skipError{err.Error()}
		}
	}
	for _, command := range c.build {
		if _, err := output(ctx, ".", nil, strings.Fields(command)...); err != nil {
			return row, err
		}
	}
	got, err := a.ask(ctx, c, a.texts[:row.texts])
	if err != nil {
		return row, fmt.Errorf("%s: %w", c.name, err)
	}
	if row.longer, row.others, err = differences(a.texts[:row.texts], a.want, got); err != nil {
		return row, fmt.Errorf("%s: %w", c.name, err)
	}
	return row, row.check()
}

// ask lets a client answer texts.
func (a asking) ask(ctx context.Context, c client, texts []text) ([]answer, error) {
	var contents []string
	for _, t := range texts {
		contents = append(contents, t.content)
	}
	content, err := json.Marshal(contents)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(a.work, "texts.json")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return nil, err
	}
	library, _, err := ortlib.Find("")
	if err != nil {
		return nil, err
	}
	places := strings.NewReplacer("FOLDER", a.folder, "TEXTS", file, "BASE", a.base, "LIBRARY", library)
	command, environ := strings.Fields(c.run), slices.Clone(c.environ)
	for _, words := range [][]string{command, environ} {
		for i := range words {
			words[i] = places.Replace(words[i])
		}
	}
	printed, err := output(ctx, ".", environ, command...)
	if err != nil {
		return nil, err
	}
	var answers []answer
	if err := json.Unmarshal(printed, &answers); err != nil {
		return nil, hint.New("the program prints a JSON array with an object for each text", "it printed no JSON: %v", err)
	}
	return answers, nil
}

// output runs a command in a folder, with further variables, and gives what it prints. Models come from folders alone. An error has the
// last line of what it said. A command that the time ends before it is done gives a skipError.
func output(ctx context.Context, folder string, environ []string, command ...string) ([]byte, error) {
	var printed, said bytes.Buffer
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	run.Dir = folder
	run.Env = append(append(os.Environ(), "HF_HUB_OFFLINE=1", "TOKENIZERS_PARALLELISM=false"), environ...)
	run.Stdout, run.Stderr = &printed, &said
	// What the command started, such as pip below make, ends with it.
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	run.Cancel = func() error { return syscall.Kill(-run.Process.Pid, syscall.SIGKILL) }
	if err := run.Run(); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, &skipError{"not done when the time was over"}
		}
		return nil, hint.New("run it alone to see all that it says", "%s: %v: %s", strings.Join(command, " "), err, lastLine(said.String()))
	}
	return printed.Bytes(), nil
}

func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return lines[len(lines)-1]
}
