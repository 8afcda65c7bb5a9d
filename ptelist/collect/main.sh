
object=
host
host_members=$object
facts
host_facts=$object
measured
host_counts=$object
vms
object=$host_members
put facts "{$host_facts}"
put measured "{$host_counts}"
[ -z "$unread" ] || put unread "[$unread]"
[ -z "$unknown" ] || put unknown_vms "[$unknown]"
put vms "[$vms]"
printf '{%s}\n' "$object"
