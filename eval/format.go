package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"mslora/internal/hint"
	"mslora/internal/spreadsheet"
	"mslora/internal/visible"
)

// Formats that WriteTable knows.
var Formats = []string{"text", "markdown", "csv", "latex", "json"}

// Style is how a table looks in some formats.
type Style struct {
	Color bool // text: the paper's numbers are grey
	Excel bool // csv: as spreadsheet.New does for Excel
}

// WriteTable prints rows in a format.
func WriteTable(out io.Writer, rows []Row, format string, style Style) error {
	switch format {
	case "text":
		return writeText(out, rows, style.Color)
	case "markdown":
		return writeMarkdown(out, rows)
	case "csv":
		return writeCSV(out, rows, style.Excel)
	case "latex":
		return writeLaTeX(out, rows)
	case "json":
		text, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", visible.JSON(text))
		return err
	}
	return hint.New("formats: "+strings.Join(Formats, ", "), "unknown format %q", format)
}

// writeText keeps tables with the paper's numbers and several seeds, and with filters, within 100 columns.
func writeText(out io.Writer, rows []Row, color bool) error {
	shade := func(c column, text string) string {
		if !color || !c.paper || text == "" {
			return visible.Line(text)
		}
		return "\x1b[90m" + visible.Line(text) + "\x1b[0m"
	}
	for i, block := range blocks(rows) {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, visible.Line(title(block[0])))
		for _, s := range sheets(block) {
			if err := s.render(out, renderer.NewBlueprint(), shade); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintln(out, strings.Join(explanation(rows), "\n"))
	return err
}

func writeMarkdown(out io.Writer, rows []Row) error {
	escape := func(c column, text string) string {
		if c.number {
			return text // 81.25 begins no list in a table
		}
		return visible.Markdown(text)
	}
	for _, block := range blocks(rows) {
		fmt.Fprintf(out, "**%s**\n\n", visible.Markdown(title(block[0])))
		for _, s := range sheets(block) {
			if err := s.render(out, renderer.NewMarkdown(), escape); err != nil {
				return err
			}
			fmt.Fprintln(out)
		}
	}
	_, err := fmt.Fprintln(out, strings.Join(explanation(rows), "\n"))
	return err
}

// render draws a sheet with tablewriter.
func (s sheet) render(out io.Writer, with tw.Renderer, edit func(column, string) string) error {
	var names []string
	var alignment tw.Alignment
	for _, c := range s.columns {
		names = append(names, c.name)
		if c.number {
			alignment = append(alignment, tw.AlignRight)
		} else {
			alignment = append(alignment, tw.AlignLeft)
		}
	}
	table := tablewriter.NewTable(out, tablewriter.WithRenderer(with),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithAlignment(alignment))
	table.Header(names)
	for _, line := range s.lines(edit) {
		if err := table.Append(line); err != nil {
			return err
		}
	}
	return table.Render()
}

var csvHeader = []string{"dataset", "model", "attack", "poison", "method", "variant", "seeds", "cacc", "cacc_deviation",
	"asr", "asr_deviation", "floor", "floor_deviation", "paper_table", "paper_cacc", "paper_asr"}

// siftedHeader goes on where some method looks for poison.
var siftedHeader = []string{"false_alarms", "false_alarms_deviation", "detected", "detected_deviation"}

// writeCSV gives every number of every row. Names are those of visible.Cell, because people open such files in spreadsheets.
func writeCSV(out io.Writer, rows []Row, excel bool) error {
	w := spreadsheet.New(out, excel)
	header, sifted := csvHeader, isSifted(rows)
	if sifted {
		header = slices.Concat(csvHeader, siftedHeader)
	}
	w.Write(header...)
	statistic := func(s *Statistic) []string {
		if s == nil {
			return []string{"", ""}
		}
		return []string{fmt.Sprintf("%.4f", s.Mean), fmt.Sprintf("%.4f", s.Deviation)}
	}
	for _, r := range rows {
		paper := []string{"", "", ""}
		if p := r.Paper; p != nil {
			paper = []string{fmt.Sprint(p.Table), fmt.Sprintf("%.2f", p.CACC), fmt.Sprintf("%.2f", p.ASR)}
		}
		line := slices.Concat(
			[]string{visible.Cell(r.Dataset), visible.Cell(r.Model), visible.Cell(r.Attack), visible.Cell(r.Poison), visible.Cell(r.Method),
				visible.Cell(r.Variant.String()), fmt.Sprint(r.CACC.Seeds)},
			statistic(&r.CACC), statistic(r.ASR), statistic(&r.Floor), paper)
		if sifted {
			line = slices.Concat(line, statistic(r.FalseAlarms), statistic(r.Detected))
		}
		w.Write(line...)
	}
	return w.Flush()
}
