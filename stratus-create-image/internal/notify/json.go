package notify

import (
	"bytes"
	"encoding/json"
	"time"
)

// JSON returns the report for programs: one object in one line, without members
// for what is not known.
func (r *Report) JSON() ([]byte, error) {
	type failure struct {
		Phase   string   `json:"phase"`
		Cause   string   `json:"cause"`
		Console []string `json:"console,omitempty"`
	}
	type phase struct {
		Phase   string  `json:"phase"`
		Seconds float64 `json:"seconds"`
	}
	object := struct {
		Outcome    string    `json:"outcome"` // "saved", "tried" or "failed"
		Title      string    `json:"title,omitempty"`
		Base       string    `json:"base"`
		Host       string    `json:"host,omitempty"`
		Started    time.Time `json:"started"`
		Ended      time.Time `json:"ended"`
		Seconds    float64   `json:"seconds"`
		Phases     []phase   `json:"phases,omitempty"`
		Identifier string    `json:"identifier,omitempty"`
		Image      string    `json:"image,omitempty"`
		Location   string    `json:"location,omitempty"`
		Draft      string    `json:"draft,omitempty"` // the document itself
		DraftName  string    `json:"draft_name,omitempty"`
		Next       []string  `json:"next,omitempty"`
		Failure    *failure  `json:"failure,omitempty"`
	}{
		Outcome: "saved", Title: r.Title, Base: r.Base, Host: r.Host,
		Started: r.Started.UTC(), Ended: r.Ended.UTC(), Seconds: r.Ended.Sub(r.Started).Seconds(),
		Next: r.Next(),
	}
	for _, p := range r.Phases {
		object.Phases = append(object.Phases, phase{p.Name, p.Took.Seconds()})
	}
	switch i := r.Image; {
	case r.Failure != nil:
		object.Outcome = "failed"
		object.Failure = &failure{r.Failure.Phase, clip(r.Failure.Cause, maxCause), r.Failure.tail()}
	case i == nil:
		object.Outcome = "tried"
	default:
		object.Identifier, object.Image, object.Location = i.Identifier, i.Path, r.location()
		object.Draft, object.DraftName = string(i.Draft), i.DraftName()
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object) // ends with a newline
	return b.Bytes(), err
}
