package eval

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// IsTable tells whether content is that of a file that WriteTable wrote, in whatever format, and nothing else.
func IsTable(content []byte) bool {
	firstLine, _, _ := strings.Cut(string(bytes.TrimPrefix(content, []byte("\ufeff"))), "\n")
	header := strings.Join(csvHeader, ",")
	return firstLine == header || firstLine == header+","+strings.Join(siftedHeader, ",") ||
		bytes.HasPrefix(content, []byte(latexHeader+"\\begin{table}\n")) ||
		isJSONTable(content) || isDrawnTable(string(content))
}

func isJSONTable(content []byte) bool {
	var rows []Row
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&rows); err != nil || len(rows) == 0 || rows[0].Method == "" {
		return false
	}
	_, err := decoder.Token()
	return err == io.EOF
}

// isDrawnTable knows text and Markdown. A page that somebody made of our tables has prose that is neither a title, which
// stands right above a table, nor the explanation at the end.
func isDrawnTable(content string) bool {
	lines := strings.Split(content, "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" })
	end := slices.Index(lines, legend[0])
	if end < 0 || len(lines) < end+len(legend) || len(lines) > end+len(legend)+mostRemarks || !slices.Equal(lines[end:end+len(legend)], legend) {
		return false
	}
	drawn := func(i int) bool { return strings.IndexAny(lines[i], "|┌│├└") == 0 }
	for i := range end {
		if !drawn(i) && (i+1 == end || !drawn(i+1)) {
			return false
		}
	}
	return end > 0 && drawn(end-1)
}
