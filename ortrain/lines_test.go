package ortrain

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scores keeps a file of the logits after every step, and exits in the middle of the work like a program that is killed.
type scores struct {
	Lines
	exit string // "before 5": before the line of step 5; "after 5"; "within 5": half a line; "epoch": before the checkpoint of an epoch
}

func (s *scores) Step(ctx context.Context, run *Run, r StepRecord) error {
	s.maybe("before", r.Step)
	logits, err := run.Logits(ctx, learnable(9, 2))
	if err != nil {
		return err
	}
	if s.exit == fmt.Sprint("within ", r.Step) {
		file, err := os.OpenFile(s.Path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		file.WriteString(`{"step":5,"log`)
	}
	s.maybe("within", r.Step)
	err = s.Append(map[string]any{"step": r.Step, "loss": r.Loss, "logits": logits})
	s.maybe("after", r.Step)
	return err
}

func (s *scores) Epoch(context.Context, *Run, []EpochRecord) error {
	s.maybe("epoch", 0)
	return nil
}

func (s *scores) maybe(where string, step int) {
	if s.exit == fmt.Sprint(where, " ", step) {
		os.Exit(3)
	}
}

// TestLinesHelper is the program that TestLinesSurviveKills kills.
func TestLinesHelper(t *testing.T) {
	folder := os.Getenv("MSLORA_TEST_LINES")
	if folder == "" {
		t.Skip("it is run by TestLinesSurviveKills")
	}
	hook := &scores{Lines: Lines{Path: filepath.Join(folder, "scores.jsonl")}, exit: os.Getenv("MSLORA_TEST_EXIT")}
	if err := newTiny(t, "lora+mslr", folder).Run(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
}

// However a program is killed between a hook's line and a checkpoint, the file ends with the bytes of an uninterrupted run.
func TestLinesSurviveKills(t *testing.T) {
	left := t.TempDir() // for the temporary files of programs that end too early to remove them
	run := func(folder, exit string) {
		t.Helper()
		command := exec.Command(os.Args[0], "-test.run=^TestLinesHelper$", "-test.v")
		command.Env = append(os.Environ(), "MSLORA_TEST_LINES="+folder, "MSLORA_TEST_EXIT="+exit, "TMPDIR="+left)
		output, err := command.CombinedOutput()
		if exit == "" && err != nil || exit != "" && command.ProcessState.ExitCode() != 3 {
			t.Fatalf("%q: %v\n%s", exit, err, output)
		}
	}
	whole, killed := t.TempDir(), t.TempDir()
	run(whole, "")
	// Checkpoints follow the steps 3 and 6 and the epochs' ends 8, 16 and 24.
	for _, exit := range []string{"after 2", "within 5", "before 6", "after 6", "epoch 0", "after 11", "after 24", ""} {
		run(killed, exit)
	}
	for _, name := range []string{"scores.jsonl", BestFile} {
		if !bytes.Equal(read(t, whole, name), read(t, killed, name)) {
			t.Errorf("%s has other bytes", name)
		}
	}
	if n := bytes.Count(read(t, whole, "scores.jsonl"), []byte("\n")); n != 24 {
		t.Errorf("%d lines", n)
	}
}

func TestUpTo(t *testing.T) {
	const lines = `{"step":1}` + "\n" + `{"step":3,"x":[1]}` + "\n" + `{"step":3,"x":[2]}` + "\n" + `{"step":7}` + "\n"
	for _, test := range []struct {
		data string
		step int
		want int
		err  string
	}{
		{"", 0, 0, ""},
		{lines, 0, 0, ""},
		{lines, 1, 11, ""},
		{lines, 2, 11, ""},
		{lines, 3, 49, ""},
		{lines, 7, 60, ""},
		{lines + `{"step":7`, 9, 60, ""},
		{lines + `{"step":7}`, 9, 60, ""}, // its end is missing: it may have been longer
		{"step,loss\n", 5, 0, `line 1 is "step,loss", expected a JSON object with a step`},
		{lines + "{}\n", 9, 0, `line 5 is "{}", expected a JSON object with a step`},
		{lines + "\n", 9, 0, `line 5 is "", expected a JSON object with a step`},
	} {
		got, err := upTo([]byte(test.data), test.step)
		if got != test.want || fmt.Sprint(err) != test.err && (err != nil || test.err != "") {
			t.Errorf("step %d of %q: %d, %v, want %d, %q", test.step, test.data, got, err, test.want, test.err)
		}
	}
}

func FuzzUpTo(f *testing.F) {
	f.Add([]byte(`{"step":1}`+"\n"+`{"step":2}`+"\n{"), 1)
	f.Add([]byte("\x00\x00\n"), 0)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		length, err := upTo(data, step)
		if err != nil {
			return
		}
		if kept := string(data[:length]); length > 0 && !strings.HasSuffix(kept, "\n") {
			t.Errorf("%q is no whole lines", kept)
		}
		if again, err := upTo(data[:length], step); err != nil || again != length {
			t.Errorf("cut again: %d, %v, before %d", again, err, length)
		}
	})
}
