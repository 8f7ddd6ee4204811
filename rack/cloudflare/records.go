package cloudflare

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Record is a DNS record of a zone.
type Record struct {
	ID string `json:"id"`
	// Name is the whole name, for example echo.example.com.
	Name string `json:"name"`
	// Type is A, AAAA, CNAME or TXT, or any other that is kept as it is.
	Type    string `json:"type"`
	Content string `json:"content"`
	// Proxied sends requests for the name through Cloudflare.
	Proxied bool `json:"proxied"`
	// TTL is in seconds; 1 is for Cloudflare to choose.
	TTL     int      `json:"ttl"`
	Comment string   `json:"comment,omitempty"`
	Tags    []string `json:"tags"`

	Priority   *int      `json:"priority,omitempty"`
	Proxiable  bool      `json:"proxiable"`
	Meta       struct{}  `json:"meta"`
	CreatedOn  time.Time `json:"created_on"`
	ModifiedOn time.Time `json:"modified_on"`
}

// Records are the records of a zone, by its name or id, in the order of names and types.
func (s *Server) Records(zone string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zoneNamed(zone)
	if z == nil {
		return nil
	}
	var out []Record
	for _, r := range z.records {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Content, b.Content))
	})
	return out
}

// Upsert sets a zone's record of this name and type, as somebody would by hand. It reports
// whether there is such a zone.
func (s *Server) Upsert(zone string, record Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zoneNamed(zone)
	if z == nil {
		return false
	}
	z.remove(func(r *Record) bool { return r.Name == record.Name && r.Type == record.Type })
	record.ID, record.TTL = newID(), cmp.Or(record.TTL, 1)
	z.records = append(z.records, &record)
	return true
}

// Delete removes a zone's records of a name and type, behind everybody's back.
func (s *Server) Delete(zone, name, recordType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z := s.zoneNamed(zone); z != nil {
		z.remove(func(r *Record) bool { return r.Name == name && r.Type == recordType })
	}
}

func (z *zone) remove(which func(*Record) bool) { z.records = slices.DeleteFunc(z.records, which) }

func listRecords(r *request) answer {
	query, all := r.URL.Query(), []*Record{}
	for _, record := range r.zone.records {
		matches := true
		for key, value := range map[string]string{
			"name": record.Name, "name.exact": record.Name, "type": record.Type, "content": record.Content,
		} {
			wanted := query.Get(key)
			matches = matches && (wanted == "" || strings.EqualFold(wanted, value))
		}
		if matches {
			all = append(all, record)
		}
	}
	return list(all)
}

func (r *request) record() *Record {
	for _, record := range r.zone.records {
		if record.ID == r.PathValue("id") {
			return record
		}
	}
	return nil
}

func noRecord() answer { return failure(http.StatusNotFound, 81044, "Record does not exist.") }

func getRecord(r *request) answer {
	if record := r.record(); record != nil {
		return found(record)
	}
	return noRecord()
}

func createRecord(r *request) answer {
	record := &Record{}
	if refused, ok := r.recordBody(record); !ok {
		return refused
	}
	record.ID, record.CreatedOn = newID(), now()
	record.ModifiedOn = record.CreatedOn
	r.zone.records = append(r.zone.records, record)
	return found(record)
}

// patchRecord changes what is sent; putRecord replaces everything.
func patchRecord(r *request) answer {
	record := r.record()
	if record == nil {
		return noRecord()
	}
	return r.change(record, *record)
}

func putRecord(r *request) answer {
	record := r.record()
	if record == nil {
		return noRecord()
	}
	return r.change(record, Record{})
}

func (r *request) change(record *Record, next Record) answer {
	id, created := record.ID, record.CreatedOn
	next.ID = id
	if refused, ok := r.recordBody(&next); !ok {
		return refused
	}
	*record = next
	record.ID, record.CreatedOn, record.ModifiedOn = id, created, now()
	return found(record)
}

func deleteRecord(r *request) answer {
	record := r.record()
	if record == nil {
		return noRecord()
	}
	r.zone.remove(func(other *Record) bool { return other == record })
	return found(map[string]any{"id": record.ID})
}

// recordBody reads a record as it is to be, and makes it what Cloudflare keeps.
func (r *request) recordBody(record *Record) (refused answer, ok bool) {
	id := record.ID
	if refused, ok := r.body(record); !ok {
		return refused, false
	}
	record.ID = id
	record.Name = r.zone.whole(record.Name)
	if record.Tags == nil {
		record.Tags = []string{}
	}
	if record.Type == "CNAME" {
		record.Content = strings.TrimSuffix(strings.ToLower(record.Content), ".")
	}
	record.Proxiable = slices.Contains([]string{"A", "AAAA", "CNAME"}, record.Type)
	if record.TTL == 0 || record.Proxied {
		record.TTL = 1
	}
	if problem := record.problem(); problem.Code != 0 {
		return answer{status: http.StatusBadRequest, problems: []message{problem}}, false
	}
	if problem := r.zone.clash(record); problem.Code != 0 {
		return answer{status: http.StatusBadRequest, problems: []message{problem}}, false
	}
	return answer{}, true
}

// whole is a name with the zone's behind it. @ is the zone's own.
func (z *zone) whole(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "@" || name == "" || name == z.Name {
		return z.Name
	}
	if strings.HasSuffix(name, "."+z.Name) {
		return name
	}
	return name + "." + z.Name
}

// problem is what is wrong with a record by itself.
func (record *Record) problem() message {
	address, err := netip.ParseAddr(record.Content)
	switch {
	case record.Type == "":
		return message{9000, "DNS record type is required"}
	case record.Type == "A" && (err != nil || !address.Is4()):
		return message{9005, "Content for A record must be a valid IPv4 address."}
	case record.Type == "AAAA" && (err != nil || address.Is4()):
		return message{9006, "Content for AAAA record must be a valid IPv6 address."}
	case record.Type == "CNAME" && (err == nil || record.Content == "" || strings.ContainsAny(record.Content, " /:")):
		return message{9007, "Content for CNAME record is invalid."}
	case record.Type == "CNAME" && record.Content == record.Name:
		return message{9039, "CNAME content cannot reference itself."}
	case record.Proxied && !record.Proxiable:
		return message{9004, "This record type cannot be proxied."}
	case record.Proxied && err == nil && (address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()):
		return message{9003, "Target " + record.Content + " is not allowed for a proxied record."}
	case record.TTL != 1 && (record.TTL < 60 || record.TTL > 86400):
		return message{9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic."}
	}
	return message{}
}

// clash is what a record cannot be beside. A CNAME is beside no address and no other CNAME.
func (z *zone) clash(record *Record) message {
	leads := func(r *Record) bool { return r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME" }
	for _, other := range z.records {
		if other.ID == record.ID || other.Name != record.Name {
			continue
		}
		switch {
		case other.Type == record.Type && other.Content == record.Content:
			return message{81058, "An identical record already exists."}
		case record.Type == "CNAME" && leads(other):
			return message{81053, "An A, AAAA, or CNAME record with that host already exists."}
		case other.Type == "CNAME" && leads(record):
			return message{81054, "A CNAME record with that host already exists."}
		}
	}
	return message{}
}
