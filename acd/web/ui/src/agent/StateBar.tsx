export default function StateBar({ agentId }: { agentId: string }) {
  return <div className="bar">{agentId}</div>;
}
