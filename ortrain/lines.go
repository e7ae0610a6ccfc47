package ortrain

import (
	"bytes"
	"encoding/json"

	"mslora/internal/hint"
)

// Lines is for hooks that keep a file of JSON lines, each an object with the step that it belongs to. A hook embeds it and calls
// Append. However often a run is interrupted, the file ends with the bytes of an uninterrupted one.
type Lines struct {
	NoHook
	Path string
}

// lineStep is what all lines have; lines may have more.
type lineStep struct {
	Step *int `json:"step"`
}

// Append adds one line. It must encode to an object with a member "step", which never falls from line to line. The line is on
// the disk when Append returns, so no checkpoint is ahead of the file.
func (l *Lines) Append(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	return l.records().Append(append(text, '\n'))
}

// Begin cuts the lines of steps that the run will do again, and one that a killed program left half written.
func (l *Lines) Begin(run *Run) error { return l.records().Begin(run) }

func (l *Lines) records() *Records { return &Records{Path: l.Path, UpTo: upTo} }

// upTo gives the length of the lines up to a step. A last line without its end does not count.
func upTo(data []byte, step int) (length int, err error) {
	for number := 1; ; number++ {
		end := bytes.IndexByte(data[length:], '\n')
		if end < 0 {
			return length, nil
		}
		var line lineStep
		if err := json.Unmarshal(data[length:length+end], &line); err != nil || line.Step == nil {
			return 0, hint.New("the file is not this program's; move it away, or train again with --force",
				"line %d is %.40q, expected a JSON object with a step", number, data[length:length+end])
		}
		if *line.Step > step {
			return length, nil
		}
		length += end + 1
	}
}
