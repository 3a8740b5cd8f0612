"""What is fetched from us: members' private addresses, and the WebSub hub beside their feeds."""
