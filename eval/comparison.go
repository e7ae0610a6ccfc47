package eval

import (
	"fmt"
	"io"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"

	"mslora/internal/visible"
)

// Comparison is how one of several classifiers does on the same texts.
type Comparison struct {
	Classifier string `json:"classifier"`
	CACC       Share  `json:"cacc"`
	Agreement  Share  `json:"agreement"`       // texts that it and the first classifier give the same label
	ASR        *Share `json:"asr,omitempty"`   // nil if no trigger is known
	Floor      *Share `json:"floor,omitempty"` // nil if no target label is known
}

// WriteComparison prints one line for each classifier.
func WriteComparison(out io.Writer, rows []Comparison) error {
	attacked := len(rows) > 0 && rows[0].ASR != nil
	header := []string{"Classifier", "CACC", "Agreement"}
	alignment := tw.Alignment{tw.AlignLeft, tw.AlignRight, tw.AlignRight, tw.AlignRight, tw.AlignRight}
	if attacked {
		header = append(header, "ASR", "Floor")
	}
	table := tablewriter.NewTable(out, tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithAlignment(alignment[:len(header)]))
	table.Header(header)
	for _, r := range rows {
		line := []string{visible.Line(r.Classifier), percent(r.CACC), percent(r.Agreement)}
		if attacked {
			line = append(line, percent(*r.ASR), percent(*r.Floor))
		}
		if err := table.Append(line); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	text := "CACC: accuracy, higher is better. Agreement: texts that get the first classifier's label.\n"
	if attacked {
		text += "ASR: triggered texts classified as the target label, lower is better. Floor: the same texts without the trigger.\n"
	}
	_, err := fmt.Fprint(out, text)
	return err
}

func percent(s Share) string {
	if s.Texts == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", s.Percent())
}
